/** The release of sops whose format and behaviour this package follows; written into new files. */
export const sopsVersion = '3.13.3'
