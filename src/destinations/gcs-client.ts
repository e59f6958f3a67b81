import type { Host } from '../host.ts'
import { failure } from './failure.ts'
import { askGoogle, originOf, refused } from './google.ts'

const service = 'Google Cloud Storage'

export interface NewObject {
  readonly bucket: string
  readonly name: string
  readonly bytes: Uint8Array
}

/** Throws SopsError. */
export async function putObject({ bucket, name, bytes }: NewObject, host: Host): Promise<void> {
  const emulator = emulatorOf(host)
  const origin = emulator ?? (await originOf(service, 'storage', host))
  const query = new URLSearchParams({ uploadType: 'media', name }).toString()
  const answer = await askGoogle(
    service,
    {
      method: 'POST',
      url: `${origin}/upload/storage/v1/b/${encodeURIComponent(bucket)}/o?${query}`,
      withToken: emulator === undefined,
      contentType: 'text/plain; charset=utf-8',
      body: bytes,
    },
    host,
  )
  if (answer.status !== 200) throw refused(service, answer)
}

/** As Google's own clients understand the variable: a host, with or without a scheme. */
function emulatorOf(host: Host): string | undefined {
  const text = host.env('STORAGE_EMULATOR_HOST') ?? ''
  if (text === '') return undefined
  const url = text.includes('://') ? text : `http://${text}`
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) return new URL(url).origin
  throw failure('STORAGE_EMULATOR_HOST is no address', 'It is a host with a port, or a URL.')
}
