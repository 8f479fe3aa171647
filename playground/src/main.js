// The page: the reader's choice, the world that follows from it, and what is shown of that.

import { load } from './component.js';
import { shortcuts } from './keys.js';
import { MAX_STEPS, choiceOf, linkOf, settingOf, stepOf } from './link.js';
import { advance, begin } from './replay.js';
import { STORIES, standing } from './stories.js';
import { replace } from './view/dom.js';
import { storePanel } from './view/store.js';
import { storyList, storyPanel } from './view/story.js';
import { timeline } from './view/timeline.js';
import { workerPanel } from './view/worker.js';
import { sentence } from './words.js';

const START = settingOf(STORIES[0]);

let choice;
let worlds; // one before the first step, and one after each
let problem;

/** Takes a choice over: what it begins with, and as many steps as there are. */
function take(next) {
  const sameSetting = choice && ['start', 'a', 'b'].every((key) => choice[key] === next[key]);
  const common = sameSetting ? next.steps.findIndex((code, index) => choice.steps[index] !== code) : 0;
  const kept = sameSetting ? worlds.slice(0, (common === -1 ? next.steps.length : common) + 1) : [begin(next)];
  for (const code of next.steps.slice(kept.length - 1)) kept.push(advance(kept.at(-1), stepOf(code)));
  [choice, worlds] = [next, kept];
}

function change(next) {
  problem = undefined;
  if (next.steps.length > MAX_STEPS) problem = `A race has at most ${MAX_STEPS} steps. Go back, or start over.`;
  else take(next);
  history.replaceState(null, '', linkOf(choice));
  render();
}

function open() {
  try {
    take(choiceOf(location.hash));
    problem = undefined;
  } catch (error) {
    take({ ...START, steps: [] });
    problem = `This link cannot be opened: ${error.message}. The first story starts anew.`;
  }
  render();
}

/** As many steps of the story as `count`; all when there is none. */
const told = (count) => standing(choice).story.steps.slice(0, count).map((step) => step.do);

const act = {
  choose: (id) => change(id === null ? { ...choice, story: null } : { ...settingOf(STORIES.find((story) => story.id === id)), steps: [] }),
  set: (setting) => change({ ...choice, ...setting, story: null, steps: [] }),
  step: (code) => change({ ...choice, steps: [...choice.steps, code] }),
  back: () => change({ ...choice, steps: choice.steps.slice(0, -1) }),
  restart: () => change({ ...choice, steps: [] }),
  next: () => change({ ...choice, steps: told(choice.steps.length + 1) }),
  end: () => change({ ...choice, steps: told() }),
  comeBack: () => change({ ...choice, steps: told(standing(choice).shared) }),
  run: (who) => {
    const steps = [...choice.steps];
    let world = worlds.at(-1);
    do {
      steps.push(who);
      world = advance(world, stepOf(who));
    } while (!world[who].idle && steps.length < MAX_STEPS);
    change({ ...choice, steps });
  },
};

function render() {
  const world = worlds.at(-1);
  replace({
    stories: storyList(choice, act),
    story: storyPanel(choice, problem, act),
    a: workerPanel('a', world, act),
    store: storePanel(choice.start, world, act),
    b: workerPanel('b', world, act),
    timeline: timeline(world),
  }, (focused) => (/^[ab]-/.test(focused) ? [`${focused[0]}-step`] : ['next', 'return', 'restart', 'a-step']));
  document.getElementById('link').href = linkOf(choice);
  const last = world.events.at(-1);
  const said = [last && sentence(last, world.versions), standing(choice)?.say];
  document.getElementById('said').textContent = problem ?? said.filter(Boolean).join(' ');
}

await load(JSON.parse(document.getElementById('cores').textContent));
addEventListener('hashchange', open);
shortcuts(document.getElementById('keys-on'));
open();
document.body.classList.add('ready');
