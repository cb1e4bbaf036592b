const NAME = /^(localhost|([a-z0-9-]+\.)+localhost|127(\.\d{1,3}){3}|\[::1\]|::1)$/i;

/** Whether an address or host name always means this machine. */
export function isLoopback(host: string): boolean {
  return NAME.test(host);
}

/** Host name of a `Host` header, without the port; brackets of an IPv6 address stay. */
export function hostName(hostHeader: string): string {
  return hostHeader.replace(/:\d{1,5}$/, '');
}
