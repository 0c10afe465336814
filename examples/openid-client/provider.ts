import { listen } from '../shared/listen.js';

console.info = console.warn = () => {}; // it tells what production needs
const { default: Provider } = await import('oidc-provider');
export const CLIENT = { client_id: 'app', client_secret: 'secret' };

/** A real authorization server. Its refresh tokens rotate; one that is spent twice takes the whole grant with it. */
export async function startProvider() {
  const { url, server, close } = await listen(() => {});
  const provider = new Provider(url, {
    clients: [{ ...CLIENT, grant_types: ['authorization_code', 'refresh_token'], redirect_uris: [`${url}/callback`] }],
    features: { revocation: { enabled: true } },
    rotateRefreshToken: true,
  });
  server.removeAllListeners('request').on('request', provider.callback());

  /** What a login in the browser ends with. */
  async function login(accountId: string): Promise<string> {
    const scope = 'openid offline_access';
    const client = await provider.Client.find(CLIENT.client_id);
    const grant = new provider.Grant({ accountId, clientId: CLIENT.client_id });
    grant.addOIDCScope(scope);
    const fields = { client, accountId, scope, grantId: await grant.save(), gty: 'authorization_code' };
    return new provider.RefreshToken(fields as never).save();
  }
  return { provider, url, login, close };
}
