import '../shared/page.js'; // first of all: React looks for a page when it is loaded
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { root } from '../shared/page.js';
import { visit } from '../shared/visit.js';
import { App } from './app.js';

createRoot(root()).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
await visit();
