// <ozon-upload-modal> in TSX, for React 18 (the global JSX) and React 19 (React.JSX):
//
//   import type {} from "ozon-r2/react";

import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { OzonUploadModal } from "./ozon-upload-modal.js";

type Props = DetailedHTMLProps<HTMLAttributes<OzonUploadModal>, OzonUploadModal> & { open?: boolean };

declare global {
  namespace JSX {
    interface IntrinsicElements {
      "ozon-upload-modal": Props;
    }
  }
}

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "ozon-upload-modal": Props;
    }
  }
}
