// What the module asks of the rows of the object that is running, and what it is answered. The other side
// is module/src/store.rs.

import { textOf } from './frames.js';

function generationOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
}

function bytesOfGeneration(generation) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, generation, true);
  return bytes;
}

/** Frames of an item, or of one without its body. */
function item(word, { body = new Uint8Array(), generation, metadata }) {
  return [word, body, bytesOfGeneration(generation), ...(metadata == null ? [] : [metadata])];
}

const calls = {
  get(rows, [key]) {
    const found = rows.get(textOf(key));
    return found ? item('item', found) : ['none'];
  },
  head(rows, [key]) {
    const found = rows.head(textOf(key));
    return found ? item('item', found) : ['none'];
  },
  put(rows, [key, body, metadata, timeToLive, condition, generation]) {
    const word = textOf(condition);
    const outcome = rows.put({
      key: textOf(key),
      body,
      metadata: textOf(metadata),
      timeToLive: Number(textOf(timeToLive)),
      condition: word === 'matches' ? { matches: generationOf(generation) } : word,
    });
    return typeof outcome === 'string' ? [outcome] : item('conflict', outcome.conflict);
  },
  delete(rows, [key]) {
    return [rows.delete(textOf(key)) ? 'yes' : 'no'];
  },
  count(rows, [prefix, limit]) {
    return [String(rows.count(textOf(prefix), Number(textOf(limit))))];
  },
};

/** Makes a call of a store; the frames of its answer. A failure without a name is for the module to judge. */
export function answerOf(rows, [name, ...args]) {
  try {
    return calls[textOf(name)](rows, args);
  } catch (error) {
    if (error.name !== 'KvError') console.error(`the rows cannot be reached: ${error.message}`);
    return [error.code ?? 'failed'];
  }
}
