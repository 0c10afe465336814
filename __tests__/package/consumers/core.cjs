const axios = require('axios');
const { bearer } = require('axios-bearer');
const expired = require('./expired.cjs');

expired(axios, (baseURL, options) => {
  const api = axios.create({ baseURL });
  return [api, bearer(api, options)];
});
