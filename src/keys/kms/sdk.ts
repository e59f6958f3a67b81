// The packages of the SDK, loaded when the first key needs them.
import type { KMS, KMSClientConfig } from '@aws-sdk/client-kms'
import type { fromIni, fromTemporaryCredentials, fromWebToken } from '@aws-sdk/credential-providers'
import { loadSdk } from '../sdk.ts'
import type { MasterKey } from '../types.ts'

/** What finds credentials. */
export interface Providers {
  readonly fromIni: typeof fromIni
  readonly fromTemporaryCredentials: typeof fromTemporaryCredentials
  readonly fromWebToken: typeof fromWebToken
}

/** Throws KeyBackendError not-installed. */
export async function loadKms(key: MasterKey): Promise<new (settings: KMSClientConfig) => KMS> {
  const [{ KMS }] = await Promise.all([
    loadSdk('@aws-sdk/client-kms', key, () => import('@aws-sdk/client-kms')),
    silenceVersionWarning(),
  ])
  return KMS
}

/** Providers that load their package when they are asked: many keys need none. They reject with KeyBackendError. */
export function lazyProviders(key: MasterKey): Providers {
  return {
    fromIni: (options) => async (properties) => (await loadProviders(key)).fromIni(options)(properties),
    fromTemporaryCredentials: (options) => async (properties) =>
      (await loadProviders(key)).fromTemporaryCredentials(options)(properties),
    fromWebToken: (options) => async (properties) => (await loadProviders(key)).fromWebToken(options)(properties),
  }
}

/** Throws KeyBackendError not-installed. */
export async function loadProviders(key: MasterKey): Promise<Providers> {
  const [providers] = await Promise.all([
    loadSdk('@aws-sdk/credential-providers', key, () => import('@aws-sdk/credential-providers')),
    silenceVersionWarning(),
  ])
  const { fromIni, fromTemporaryCredentials, fromWebToken } = providers
  return { fromIni, fromTemporaryCredentials, fromWebToken }
}

// The SDK tells the user of a program about the Node that it will need some day. This is how its variable
// AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED works, without a change to the environment, which child processes get.
async function silenceVersionWarning(): Promise<void> {
  try {
    const { state } = await import('@aws-sdk/core/client')
    state.warningEmitted = true
  } catch {
    // A release without it has nothing to silence, or only warns.
  }
}
