import { onPostgres } from '../../support/engines/postgres.js';
import { setUpHolders } from './holders.js';

onPostgres((server) => {
  const { judge, lease } = setUpHolders(server);
  judge([lease], () => server().config);
});
