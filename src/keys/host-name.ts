// What DNS allows of a host's name. A longer one is never found, and is worse than that: asking TLS for it leaves an error
// behind in OpenSSL that the next use of a key, a good one, then stumbles over.

const maxLength = 253
const maxLabel = 63

/** Whether a name, as URL spells it, is short enough to be that of a host. */
export function fitsHostName(name: string): boolean {
  return name.length <= maxLength && name.split('.').every((label) => label.length <= maxLabel)
}
