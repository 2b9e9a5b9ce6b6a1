// A workbook is asked, made by the server in its own time, and fetched by an address that works once.

import { isJob } from '../answers.js';

const FIRST_LOOK_MS = 400;
const LOOK_MS = 1200;

/** → Promise of the address. Rejects with an ApiError, or with an Error in the server's words. */
export async function makeWorkbook({ api, question, key, alive, tell }) {
  const body = Object.fromEntries(Object.entries(question).filter(([, value]) => value !== ''));
  let job = await api.send('POST', 'analytics/exports/', body, key, isJob);
  let wait = FIRST_LOOK_MS;
  while (job.state !== 'done') {
    if (job.state === 'failed' || !alive()) throw new Error(job.detail || '');
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = LOOK_MS;
    job = await api.get(`analytics/exports/${job.id}/`, isJob);
    tell(job.progress);
  }
  return job.url;
}
