// Photos made small on the phone: the network at a bin is slow, and a small picture says as much.

/** Longest side; the service keeps no more. */
const SIDE_PX = 1280;
const QUALITY = 0.8;

export interface Size {
  width: number;
  height: number;
}

export function fitted(size: Size): Size {
  const scale = Math.min(1, SIDE_PX / Math.max(size.width, size.height));
  return {
    width: Math.max(1, Math.round(size.width * scale)),
    height: Math.max(1, Math.round(size.height * scale)),
  };
}

/** A JPEG without what the phone wrote into the file. Rejects when it is no picture. */
export async function shrink(file: Blob): Promise<Blob> {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  try {
    const { width, height } = fitted(picture);
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    canvas.getContext("2d")?.drawImage(picture, 0, 0, width, height);
    return await new Promise<Blob>((resolve, reject) => {
      canvas.toBlob(
        (blob) => (blob === null ? reject(new Error("no picture")) : resolve(blob)),
        "image/jpeg",
        QUALITY,
      );
    });
  } finally {
    picture.close();
  }
}
