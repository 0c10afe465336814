import axios from 'axios';
import { bearer } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { fakeClock, startApiVideo } from 'axios-bearer/testing';
import anHourLater from './server.cjs';

await anHourLater({ axios, bearer, apiVideo, startApiVideo, fakeClock });
