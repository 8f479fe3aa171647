// The WebAssembly module: the routes, and the graph. See module/src/exports.rs.

import { bytesOf, join, split, textOf } from './frames.js';
import { answerOf } from './rows.js';
import compiled from '../build/worker.wasm';

/** One instance. Calls into it return at once; requests that wait for objects lie in it meanwhile. */
class Module {
  #exports;
  #rows;
  #isDead = false;

  constructor(config) {
    const host = {
      now: () => BigInt(Math.floor(Date.now() / 1000)),
      random: () => crypto.getRandomValues(new BigUint64Array(1))[0],
      log: (text, length) => console.warn(textOf(this.#bytes(text, length))),
      tell: (text, length) => console.info(textOf(this.#bytes(text, length))),
      store: (call, length) => {
        const frames = split(this.#bytes(call, length).slice());
        return this.#give(join(answerOf(this.#rows, frames)));
      },
    };
    this.#exports = new WebAssembly.Instance(compiled, { host }).exports;
    this.#call('configure', this.#give(bytesOf(config)));
  }

  /** False once it has trapped, which is never expected: its memory may be anything then. */
  get isAlive() {
    return !this.#isDead;
  }

  /** Begins to serve a request; the frames of its first step. */
  start(arrival) {
    return split(this.#take(this.#call('start', this.#give(join(arrival)))));
  }

  /** Goes on with a request; the frames of its next step. */
  resume(number, answers) {
    return split(this.#take(this.#call('resume', number, this.#give(join(answers)))));
  }

  /** Gives up a request. */
  forget(number) {
    this.#call('forget', number);
  }

  /** Carries out a call over the rows of an object. */
  carryOut(call, rows) {
    this.#rows = rows;
    try {
      return this.#take(this.#call('carry_out', this.#give(call)));
    } finally {
      this.#rows = undefined;
    }
  }

  #call(name, ...args) {
    if (this.#isDead) throw new Error('this instance of the module has ended');
    try {
      return this.#exports[name](...args);
    } catch (error) {
      this.#isDead = true;
      throw error;
    }
  }

  #bytes(at, length) {
    return new Uint8Array(this.#exports.memory.buffer, at, length);
  }

  #give(bytes) {
    const buffer = this.#exports.allocate(bytes.length);
    this.#bytes(this.#exports.data(buffer), bytes.length).set(bytes);
    return buffer;
  }

  #take(buffer) {
    const { data, length, release } = this.#exports;
    const bytes = this.#bytes(data(buffer), length(buffer)).slice();
    release(buffer);
    return bytes;
  }
}

let running;

/** The instance of this isolate. */
export function moduleOf(env) {
  if (!running?.isAlive) {
    const { EC_CONFIG: config = '' } = env;
    running = new Module(typeof config === 'string' ? config : JSON.stringify(config));
  }
  return running;
}
