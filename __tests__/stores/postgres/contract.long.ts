import { throughPgBouncer } from '../../support/engines/pgbouncer.js';
import { onPostgres } from '../../support/engines/postgres.js';
import { type Kind, setUpHolders } from './holders.js';

onPostgres((server) => {
  const { judge, lease, session } = setUpHolders(server);
  const key = () => Buffer.alloc(32, 'k');
  const encrypted: Kind = ['encrypted', { ...lease[1], encryption: { current: 'k', key } }, lease[2]];
  judge([session, encrypted], () => server().config);

  throughPgBouncer(server, (bouncer) => {
    const kinds = [lease, session, encrypted].map(([name, options, { corrupt, loseLock }]): Kind => {
      // It passes the end of a connection on, but not before another holder has the lock.
      const levers = options.lock === 'session' ? { corrupt } : { corrupt, loseLock };
      return [name, { ...options, listen: false }, levers];
    });
    judge(kinds, () => bouncer().config);
  });
});
