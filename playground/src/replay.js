// The world after some steps: a pure function of how it starts and what the reader chose.

import { run } from './component.js';
import { NOON, OPERATIONS, STARTS } from './operations.js';
import { outcomeOf } from './outcome.js';
import { isRead, serve } from './store.js';

const JUDGED = { how: 'now' };

/**
 * The world before the first step.
 *
 * `versions` are all writes (see store.js), `events` all store calls in their order. A worker has an
 * `operation`, its `calls` so far, the store call that it makes next (`asked`) and whether its last
 * call has ended (`idle`), so that the next step starts another one.
 */
export function begin({ start, a, b }) {
  const earlier = (versions, [at, call]) => settle(versions, call, NOON + at, 'start').versions;
  const versions = STARTS[start].calls.reduce(earlier, []);
  const worker = (operation) => ({ operation, calls: [], idle: true });
  return waiting({ versions, events: [], at: NOON, a: worker(a), b: worker(b) });
}

/** The world after one more step; an Error says why there can be none. */
export function advance(world, step) {
  const at = world.at + 1;
  return waiting({ ...(step.who === 'w' ? withdraw(world, at) : call(world, step, at)), at });
}

function withdraw(world, at) {
  const { versions, asked, answer, outcome } = settle(world.versions, OPERATIONS.withdraw.call, at, 'w');
  const [before, after] = [world.versions.length, versions.length];
  const event = { who: 'w', at, asked, ...JUDGED, answer, before, after, outcome };
  return { ...world, versions, events: [...world.events, event] };
}

function call(world, { who, how, moment }, at) {
  const worker = world[who];
  const { asked } = worker;
  if (how === 'lost' && isRead(asked)) throw new Error('only the answer to a write can be lost after it was done');
  if (how === 'stale' && !(isRead(asked) && moment < world.versions.length)) {
    throw new Error('only a read can be stale, and only as of an earlier version');
  }
  const { versions, answer } = serve(world.versions, asked, { how, moment }, who, at);
  const current = worker.idle ? { now: at, answers: [] } : worker.calls.at(-1);
  const answered = { ...current, answers: [...current.answers, answer] };
  const result = runOf(worker.operation, answered);
  const ended = result.asked === undefined;
  const outcome = ended ? outcomeOf(result, OPERATIONS[worker.operation].names) : undefined;
  const [before, after] = [world.versions.length, versions.length];
  const event = { who, at, asked, how, moment, answer, before, after, outcome };
  const calls = [...(worker.idle ? worker.calls : worker.calls.slice(0, -1)), { ...answered, outcome }];
  return { ...world, versions, events: [...world.events, event], [who]: { ...worker, calls, idle: ended } };
}

// What each worker asks the store next. A call that has not begun would begin at the next second.
function waiting(world) {
  const next = (worker) => {
    const pending = worker.idle ? { now: world.at + 1, answers: [] } : worker.calls.at(-1);
    return { ...worker, asked: runOf(worker.operation, pending).asked };
  };
  return { ...world, a: next(world.a), b: next(world.b) };
}

const runOf = (operation, { now, answers }) => run((graph) => OPERATIONS[operation].call(graph, now), answers);

// A call from its start to its end with nobody in between.
function settle(before, call, at, by) {
  let versions = before;
  const answers = [];
  let asked;
  for (;;) {
    const result = run((graph) => call(graph, at), answers);
    if (result.asked === undefined) return { versions, asked, answer: answers.at(-1), outcome: outcomeOf(result) };
    asked = result.asked;
    const served = serve(versions, asked, JUDGED, by, at);
    versions = served.versions;
    answers.push(served.answer);
  }
}
