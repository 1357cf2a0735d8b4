// The camera as a reader of QR and bar codes, where the browser can read them itself.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { messages } from "./store";

/** Not yet in TypeScript's list of what browsers have. */
interface Detector {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}
interface DetectorClass {
  new (options: { formats: string[] }): Detector;
}

const FORMATS = ["qr_code", "data_matrix", "code_128", "code_39"];
const LOOK_MS = 250;

function detectorClass(): DetectorClass | undefined {
  return (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
}

export function canScan(): boolean {
  return detectorClass() !== undefined && navigator.mediaDevices !== undefined;
}

export function ScanButton({ onCode }: { onCode: (text: string) => void }) {
  const isOpen = useSignal(false);
  const t = messages.value.claim;
  if (!canScan()) return null;
  return (
    <>
      <button
        type="button"
        class="secondary"
        onClick={() => {
          isOpen.value = true;
        }}
      >
        {t.scan}
      </button>
      {isOpen.value && (
        <Scanner
          onEnd={(text) => {
            isOpen.value = false;
            if (text !== null) onCode(text);
          }}
        />
      )}
    </>
  );
}

function Scanner({ onEnd }: { onEnd: (text: string | null) => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const hasFailed = useSignal(false);
  const t = messages.value.claim;

  useEffect(() => {
    const Known = detectorClass();
    let stream: MediaStream | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let ended = false;

    async function look(detector: Detector, picture: HTMLVideoElement): Promise<void> {
      const codes = await detector.detect(picture).catch(() => []);
      if (ended) return;
      const [first] = codes;
      if (first !== undefined) onEnd(first.rawValue);
      else timer = setTimeout(() => void look(detector, picture), LOOK_MS);
    }

    async function begin(): Promise<void> {
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
        const picture = video.current;
        if (ended || picture === null || Known === undefined) {
          stop();
          return;
        }
        picture.srcObject = stream;
        await picture.play();
        await look(new Known({ formats: FORMATS }), picture);
      } catch {
        hasFailed.value = true;
      }
    }

    function stop(): void {
      for (const track of stream?.getTracks() ?? []) track.stop();
    }

    dialog.current?.showModal();
    void begin();
    return () => {
      ended = true;
      clearTimeout(timer);
      stop();
    };
  }, []);

  return (
    <dialog class="scanner" ref={dialog} aria-label={t.scan} onClose={() => onEnd(null)}>
      {hasFailed.value ? <p class="trouble">{t.noCamera}</p> : <video ref={video} muted playsInline />}
      <button type="button" class="secondary" onClick={() => dialog.current?.close()}>
        {messages.value.close}
      </button>
    </dialog>
  );
}
