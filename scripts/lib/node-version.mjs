/** The oldest Node releases everything here was tried on; the same words as `engines` in package.json. */
export const NODE_RANGE = '20.19 or later of Node 20, or 22.12 and later';

/** @param {string} version such as `22.12.0` @returns {string | null} what is wrong and what to do */
export function nodeProblem(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const fits = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
  if (fits) return null;
  return `Baton needs Node ${NODE_RANGE}; this is Node ${version}. Install a current release from https://nodejs.org and start again.`;
}
