const axios = require('axios');
const { bearer } = require('axios-bearer');
const { apiVideo } = require('axios-bearer/api-video');
const { fakeClock, startApiVideo } = require('axios-bearer/testing');

require('./server.cjs')({ axios, bearer, apiVideo, startApiVideo, fakeClock });
