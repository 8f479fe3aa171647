// The prepared stories, in the order in which they are told.

import lostUpdate from '../stories/lost-update.json';
import withdrawal from '../stories/withdrawal.json';
import staleMiss from '../stories/stale-miss.json';
import lostAnswer from '../stories/lost-answer.json';
import batch from '../stories/batch.json';
import reConsent from '../stories/re-consent.json';

export const STORIES = [lostUpdate, withdrawal, staleMiss, lostAnswer, batch, reConsent];

/**
 * Where a choice stands in its `story`: how many steps it has in common with it (`shared`), whether
 * those are all (`followed`), and what is said at this one. Undefined for a race of the reader's own.
 */
export function standing({ story: id, steps }) {
  const story = STORIES.find((candidate) => candidate.id === id);
  if (story === undefined) return undefined;
  const left = steps.findIndex((code, index) => story.steps[index]?.do !== code);
  const followed = left === -1;
  return { story, followed, shared: followed ? steps.length : left, say: followed ? story.steps[steps.length - 1]?.say : undefined };
}
