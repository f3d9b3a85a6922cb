export function openPeer(): (text: string) => boolean;
