import { read, write } from './memory.ts';

const KEY = 'parlour-widget-muted';

/** Two soft notes. Browsers allow sound only after the visitor has done something on the page. */
export class Sound {
  isMuted = read(KEY) !== null;
  #audio: AudioContext | null = null;

  /** To be called while the visitor opens the panel. */
  allow(): void {
    this.#audio ??= new AudioContext();
    void this.#audio.resume();
  }

  mute(isMuted: boolean): void {
    this.isMuted = isMuted;
    write(KEY, isMuted ? '1' : null);
  }

  play(): void {
    if (this.isMuted || !this.#audio) return;
    for (const [hertz, after] of [
      [660, 0],
      [880, 0.12],
    ] as const)
      note(this.#audio, hertz, this.#audio.currentTime + after);
  }

  close(): void {
    void this.#audio?.close();
  }
}

function note(audio: AudioContext, hertz: number, at: number): void {
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = hertz;
  volume.gain.setValueAtTime(0.08, at);
  volume.gain.exponentialRampToValueAtTime(0.001, at + 0.3);
  tone.connect(volume).connect(audio.destination);
  tone.start(at);
  tone.stop(at + 0.3);
}
