// Lists of byte strings, in which the script and the module talk: each with its length before it, as a
// little-endian number of 4 bytes. The other side is module/src/frames.rs.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The bytes of a text. */
export const bytesOf = (text) => encoder.encode(text);

/** The text in these bytes. */
export const textOf = (bytes) => decoder.decode(bytes);

/** A list as bytes; its texts as UTF-8. */
export function join(frames) {
  const list = frames.map((frame) => (typeof frame === 'string' ? bytesOf(frame) : frame));
  const joined = new Uint8Array(list.reduce((length, frame) => length + 4 + frame.length, 0));
  const view = new DataView(joined.buffer);
  let at = 0;
  for (const frame of list) {
    view.setUint32(at, frame.length, true);
    joined.set(frame, at + 4);
    at += 4 + frame.length;
  }
  return joined;
}

/** The list in these bytes; each item is a view of them. */
export function split(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 + view.getUint32(at, true);
    frames.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return frames;
}
