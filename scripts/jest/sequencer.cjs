const { default: Sequencer } = require('@jest/test-sequencer');

/** Small files, for all of which jest takes little time until it has measured them: begun last, they would run alone. */
const LONG =
  /__tests__\/(soak\.long|demo\/demo\.test|tabs\/browser-store\.long|processes\/every-store\.long|browser\/store-cases\.test|faults\/faults\.test|laws\/L7-futile-refreshes\/bounds\.test|model\/model\.test)\.ts$/;

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const isLong = ({ path }) => LONG.test(path);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
};
