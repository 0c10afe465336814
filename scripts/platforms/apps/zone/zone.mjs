import 'zone.js/node';

await import('./node.mjs');
