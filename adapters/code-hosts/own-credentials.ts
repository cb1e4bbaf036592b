/** Credentials for git in its environment: on no command line, in no file, for one address only. */
export function gitCredentials(webUrl: string, user: string, token: string): Readonly<Record<string, string>> {
  const basic = Buffer.from(`${user}:${token}`).toString('base64');
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `http.${webUrl}/.extraHeader`,
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
  };
}
