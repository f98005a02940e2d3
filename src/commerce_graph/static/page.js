// Starts GraphiQL with the examples that the server put into the page.
'use strict';

const settings = JSON.parse(document.getElementById('settings').textContent);

// The style elements that GraphiQL's dialogs add carry this, and the page's policy allows no others.
window.__webpack_nonce__ = settings.nonce;

const sockets = new URL(settings.path, window.location.href);
sockets.protocol = sockets.protocol.replace('http', 'ws');

const storage = GraphiQL.createLocalStorage({ namespace: `commerce-graph-${settings.storage}` });
const [first] = settings.tabs;
if (first && storage.getItem('graphiql:tabState') === null) {
  // GraphiQL opens the first tab with what was edited last, not with what the tab holds; so tell it the same.
  storage.setItem('graphiql:query', first.query);
  storage.setItem('graphiql:variables', first.variables);
  if (settings.keep) storage.setItem('graphiql:headers', first.headers);
}

const { createElement } = React;
ReactDOM.createRoot(document.getElementById('graphiql')).render(
  createElement(
    GraphiQL,
    {
      fetcher: GraphiQL.createFetcher({ url: settings.path, subscriptionUrl: sockets.href }),
      storage,
      defaultTabs: settings.tabs.map(({ query, variables, headers }) => ({ query, variables, headers })),
      defaultHeaders: first?.headers,
      // Headers hold tokens: they stay in the browser only where the server itself fills them in.
      shouldPersistHeaders: settings.keep,
      defaultEditorToolsVisibility: 'variables',
      inputValueDeprecation: true,
      schemaDescription: true,
      maxHistoryLength: 50,
    },
    createElement(GraphiQL.Logo, null, 'commerce', createElement('em', null, '‑graph')),
  ),
);
