/** What takes its time, begun while the page's other scripts come: to come in, this device's disk, state and texts. */

import * as link from "./link.js";
import { open } from "./queue.js";

export const entered = link.enter();
export const queue = open();
export const kept = queue.then((disk) => disk.kept("state")).catch(() => null);
export const state = entered.then(() => link.state());
export const words = entered.then(() => link.words());

// who waits for them hears of it
for (const early of [state, words]) early.catch(() => undefined);
