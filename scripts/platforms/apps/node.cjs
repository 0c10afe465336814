const axios = require('axios');
const { bearer } = require('axios-bearer');
const entries = require('./entries.cjs');
const { recover } = require('./recover.cjs');

recover(axios, bearer, JSON.parse(process.env.GIVEN)).then((outcome) => {
  console.log(JSON.stringify({ ...outcome, entries: Object.values(entries).filter(Boolean).length }));
});
