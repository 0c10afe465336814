import { signOut } from '../login';

export async function POST() {
  await signOut();
  return new Response();
}
