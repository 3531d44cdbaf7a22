// Asking the guest: never from a cache, never for longer than a moment, because a paused science box takes a question and does not answer.

const LONGEST = 8000;

async function ask(path, headers = {}) {
  const answer = await fetch(path, { cache: "no-store", headers, signal: AbortSignal.timeout(LONGEST) });
  if (!answer.ok) { throw new Error(`${path}: ${answer.status}`); }
  return answer;
}

export const loadJson = async (path) => (await ask(path)).json();

/** A growing text file: what has come since `have` bytes; `whole` where the answer is all of it. */
export async function loadMore(path, have) {
  const answer = await ask(path, have ? { Range: `bytes=${have}-` } : {});
  const data = new Uint8Array(await answer.arrayBuffer());
  return { whole: answer.status !== 206, data };
}
