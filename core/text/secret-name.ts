/** https://github.com/moby/buildkit/blob/master/frontend/dockerfile/dockerfile2llb/convert.go */
const secretName = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const publicName = /(?:_|^)public(?:_|$)/i;

/** Whether the name of a variable looks as if its value were a secret, by BuildKit's rule. */
export function looksSecret(name: string): boolean {
  return secretName.test(name) && !publicName.test(name);
}
