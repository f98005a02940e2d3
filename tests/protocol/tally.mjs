// A line for each requirement of a protocol, and a tally at the end: what must be, what should be, and what was met.
const met = { MUST: 0, SHOULD: 0 };
const asked = { MUST: 0, SHOULD: 0 };
const PATIENCE_MS = 10_000;

/** Check one requirement; it is not met where the function throws or takes too long. */
export async function check(level, requirement, holds) {
  asked[level] += 1;
  let late;
  const patience = new Promise((_, reject) => {
    late = setTimeout(() => reject(new Error('it took too long')), PATIENCE_MS);
  });
  try {
    await Promise.race([holds(), patience]);
    met[level] += 1;
  } catch (fault) {
    console.log(`not met: ${level} ${requirement}: ${fault?.stack ?? JSON.stringify(fault)}`);
  } finally {
    clearTimeout(late);
  }
}

/** Print the tally and end. */
export function done(protocol) {
  const told = Object.keys(asked).map((level) => `${met[level]} of ${asked[level]} ${level}`);
  console.log(`${protocol}: ${told.join(', ')}`);
  process.exit(0);
}
