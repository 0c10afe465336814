import { signIn } from '../login';

export async function POST(request) {
  await signIn(await request.json());
  return new Response();
}
