import '../shared/page.js'; // first of all: Vue looks for a page when it is loaded
import { createApp } from 'vue';
import { root } from '../shared/page.js';
import { visit } from '../shared/visit.js';
import { App } from './app.js';

createApp(App).mount(root());
await visit();
