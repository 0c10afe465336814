import 'axios-bearer/use';
import axios from 'axios';
import { bearer } from 'axios-bearer';
import axiosRetry from 'axios-retry';
import expired from './expired.cjs';

await expired(axios, (baseURL, options) => {
  axios.defaults.baseURL = baseURL;
  axios.use(axiosRetry, { retries: 1 });
  return [axios, axios.use(bearer, options)];
});
