import { expect, it } from '@jest/globals';
import { tablesOf } from '../../lib/stores/postgres/table.js';
import { readReadme } from '../support/readme.js';

const page = readReadme('docs/postgres.md');

it('shows the SQL that createTable performs', () => {
  const { data, lock } = tablesOf('axios_bearer');
  expect(page.text).toContain(`\`\`\`sql\n${data.definition};\n${lock.definition};\n\`\`\``);
});
