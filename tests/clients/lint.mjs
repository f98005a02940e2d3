// The rules of @graphql-eslint for schemas, one line for each that is broken: node lint.mjs SCHEMA
import { readFileSync } from 'node:fs';
import plugin from '@graphql-eslint/eslint-plugin';
import { ESLint } from 'eslint';

const file = process.argv[2];

// Every rule that is off, with the reason.
const OFF = {
  '@graphql-eslint/strict-id-in-types':
    'entities have an id; money, addresses, counts, connections and payloads are values, as they are in Shopify\'s schema',
};

// Names that break a rule because Shopify's clients ask for them, and the roots, which need no words.
const EXCUSED = [
  'Description is required for type "Mutation"', 'Description is required for type "Query"',
  'Description is required for type "Subscription"',
  'Type "MetafieldDefinitionType"', 'Field "count"', 'Field "fulfillmentLineItems"', 'Field "mediaContentType"',
  'Field "orderNumber"', 'Field "productType"', 'Field "refundLineItems"', 'Field "returnLineItems"',
];
// Shopify's productTags and productTypes are cut off, not paged.
const NOT_PAGED = ['  productTags(', '  productTypes('];

const rules = {
  ...plugin.configs['flat/schema-recommended'].rules,
  ...plugin.configs['flat/schema-relay'].rules,
  // An edge holds what is listed, which need not be an entity; lists that cannot grow are plain.
  '@graphql-eslint/relay-edge-types': ['error', {
    withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false,
  }],
};
for (const rule of Object.keys(OFF)) {
  if (!(rule in rules)) throw new Error(`${rule} is no rule of the set: take it off the list`);
  delete rules[rule];
}

const eslint = new ESLint({
  cwd: new URL('.', import.meta.url).pathname,
  overrideConfigFile: true,
  overrideConfig: [{
    files: ['**/*.graphql'],
    languageOptions: { parser: plugin.parser, parserOptions: { graphQLConfig: { schema: file } } },
    plugins: { '@graphql-eslint': plugin },
    rules,
  }],
});
const lines = readFileSync(file, 'utf8').split('\n');
const excused = ({ ruleId, line, message }) =>
  EXCUSED.some((name) => message.startsWith(name))
  || (ruleId === '@graphql-eslint/relay-arguments' && NOT_PAGED.some((field) => lines[line - 1].startsWith(field)));
const [result] = await eslint.lintText(lines.join('\n'), { filePath: 'schema.graphql' });
const broken = new Map();
for (const { ruleId, line, message } of result.messages.filter((each) => !excused(each))) {
  const told = broken.get(ruleId) ?? [];
  broken.set(ruleId, [...told, `${line}: ${message}`]);
}
for (const [rule, told] of broken) console.log(`${rule}: ${told.length}, the first in line ${told[0]}`);
console.log(`${Object.keys(rules).length - broken.size} of ${Object.keys(rules).length} rules kept, ${Object.keys(OFF).length} off`);
