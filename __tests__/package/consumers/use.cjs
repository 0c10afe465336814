require('axios-bearer/use');
const axios = require('axios');
const { default: axiosRetry } = require('axios-retry');
const { bearer } = require('axios-bearer');
const expired = require('./expired.cjs');

expired(axios, (baseURL, options) => {
  axios.defaults.baseURL = baseURL;
  axios.use(axiosRetry, { retries: 1 });
  return [axios, axios.use(bearer, options)];
});
