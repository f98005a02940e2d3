// The audits of `graphql-http`, one line for each that is not met: node audit.mjs URL
import { serverAudits } from 'graphql-http';

const audits = serverAudits({ url: process.argv[2], fetchFn: fetch });
let met = 0;
for (const audit of audits) {
  const result = await audit.fn();
  if (result.status === 'ok') met += 1;
  else console.log(`${audit.id} ${audit.name}: ${result.reason}`);
}
console.log(`${met} of ${audits.length} met`);
