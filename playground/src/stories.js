// The prepared stories, in the order in which they are told.

import lostUpdate from '../stories/lost-update.json';
import withdrawal from '../stories/withdrawal.json';
import staleMiss from '../stories/stale-miss.json';
import lostAnswer from '../stories/lost-answer.json';
import batch from '../stories/batch.json';
import reConsent from '../stories/re-consent.json';

export const STORIES = [lostUpdate, withdrawal, staleMiss, lostAnswer, batch, reConsent];
