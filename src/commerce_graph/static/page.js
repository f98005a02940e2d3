// Starts GraphiQL with the examples that the server put into the page.
'use strict';

const settings = JSON.parse(document.getElementById('settings').textContent);

// The style elements that GraphiQL's dialogs add carry this, and the page's policy allows no others.
window.__webpack_nonce__ = settings.nonce;

const sockets = new URL(settings.path, window.location.href);
sockets.protocol = sockets.protocol.replace('http', 'ws');

const { createElement } = React;
ReactDOM.createRoot(document.getElementById('graphiql')).render(
  createElement(
    GraphiQL,
    {
      fetcher: GraphiQL.createFetcher({ url: settings.path, subscriptionUrl: sockets.href }),
      storage: GraphiQL.createLocalStorage({ namespace: `commerce-graph-${settings.storage}` }),
      defaultTabs: settings.tabs.map(({ query, variables, headers }) => ({ query, variables, headers })),
      defaultHeaders: settings.tabs[0]?.headers,
      // Headers hold tokens: they stay in the browser only where the server itself fills them in.
      shouldPersistHeaders: settings.keep,
      defaultEditorToolsVisibility: 'headers',
      inputValueDeprecation: true,
      schemaDescription: true,
      maxHistoryLength: 50,
    },
    createElement(GraphiQL.Logo, null, 'commerce', createElement('em', null, '‑graph')),
  ),
);
