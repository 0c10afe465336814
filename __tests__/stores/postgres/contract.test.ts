import { onPostgres } from '../../support/engines/postgres.js';
import { setUpHolders } from './holders.js';

onPostgres((server) => {
  const { judge, lease, session } = setUpHolders(server);
  judge([lease, session], () => server().config);
});
