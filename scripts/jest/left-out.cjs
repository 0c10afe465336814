/** Says in one line which tests were left out, as what they need is missing: a browser, an engine. */
module.exports = class LeftOut {
  onRunComplete(_, { testResults }) {
    const skipped = testResults.flatMap((file) => file.testResults.filter(({ status }) => status === 'pending'));
    const titles = skipped.flatMap(({ ancestorTitles }) => ancestorTitles);
    const missing = new Set(titles.filter((title) => /^(in|on|through) [^(]+ \((install|run) /.test(title)));
    if (missing.size > 0) console.error(`Left out: the tests ${[...missing].join(' and ')}`);
  }
};
