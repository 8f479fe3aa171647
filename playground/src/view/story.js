// The stories to choose from, and the one that is told.

import { STORIES, standing } from '../stories.js';
import { button, h } from './dom.js';

/** One button a story, and one for a race of the reader's own. */
export function storyList(choice, act) {
  const entry = (id, title, key) =>
    h('li', {}, button(title, { id: `story-${id ?? 'own'}`, key, 'aria-pressed': String(choice.story === id), onclick: () => act.choose(id) }));
  return [...STORIES.map(({ id, title }, index) => entry(id, title, String(index + 1))), entry(null, 'Your own race', '7')];
}

/** What is told of the story so far, and the ways on. */
export function storyPanel(choice, problem, act) {
  const taken = choice.steps.length;
  const at = standing(choice);
  const total = at?.story.steps.length;
  const ended = taken === total;
  const controls = [
    at?.followed && button('Next', { id: 'next', key: 'n', class: 'primary', disabled: ended, onclick: act.next }),
    at?.followed && button('To the end', { id: 'end', key: 'e', disabled: ended, onclick: act.end }),
    at?.followed === false && button('Return to the story', { id: 'return', key: 'n', class: 'primary', onclick: act.comeBack }),
    button('Back', { id: 'back', key: 'p', disabled: taken === 0, onclick: act.back }),
    button('Start over', { id: 'restart', key: 'r', disabled: taken === 0, onclick: act.restart }),
  ];
  return [
    h('div', { class: 'telling' },
      h('h2', {}, at?.story.title ?? 'Your own race'),
      h('p', { class: 'intro' }, at?.story.intro ?? OWN),
      problem && h('p', { class: 'problem' }, problem)),
    h('div', { class: 'now' },
      h('p', { class: 'progress' }, `Step ${taken}${at?.followed ? ` of ${total}` : at ? ', off the story' : ''}`),
      h('p', { class: 'caption' }, caption(at)),
      h('div', { class: 'controls' }, controls)),
  ];
}

const OWN = 'Choose what the row is, what each worker does and what the store makes of every call. Then step them against each other.';

function caption(at) {
  if (!at) return 'Each step is one call of a worker to the store. A withdrawal by another worker may come at any time.';
  if (!at.followed) return 'You have taken another way than the story does. See where it leads, or return.';
  return at.say ?? 'Press Next, or step the workers as you like.';
}
