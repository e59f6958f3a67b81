// Where a key service is: tcp://host:port or unix:///path, as sops writes it.
import { ConfigError } from '../../errors.ts'

const networks: ReadonlySet<string> = new Set(['tcp:', 'tcp4:', 'tcp6:'])

/**
 * The name under which gRPC finds the service.
 * @throws ConfigError
 */
export function parseAddress(address: string): string {
  const socket = /^unix:(?:\/\/(?=\/)|(?!\/\/))(.+)$/su.exec(address)?.[1]
  if (socket !== undefined && !socket.includes('\0')) return `unix:${socket}`
  const url = parseUrl(address)
  if (url !== undefined && networks.has(url.protocol) && url.host !== '' && url.username === '') {
    return `dns:${url.host}`
  }
  throw new ConfigError(`${JSON.stringify(address)} is no address of a key service`, undefined, {
    hint: 'It is tcp://HOST:PORT or unix:///PATH.',
  })
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}
