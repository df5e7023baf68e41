// <ozon-upload-modal> in TSX: import type {} from "ozon-r2/react". React 19 has its elements in React.JSX, the types of
// React 18 in the global JSX, and the later ones in both. Since React.JSX hides the global one, it has to extend it.

import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { OzonUploadModal } from "./ozon-upload-modal.js";

type Props = DetailedHTMLProps<HTMLAttributes<OzonUploadModal>, OzonUploadModal> & {
  open?: boolean;
  "login-url"?: string;
};

declare global {
  namespace JSX {
    interface Element {}
    interface ElementClass {}
    interface ElementAttributesProperty {}
    interface ElementChildrenAttribute {}
    interface IntrinsicAttributes {}
    interface IntrinsicClassAttributes<T> {}
    interface IntrinsicElements {
      "ozon-upload-modal": Props;
    }
  }
}

type GlobalElement = JSX.Element;
type GlobalElementClass = JSX.ElementClass;
type GlobalElementAttributesProperty = JSX.ElementAttributesProperty;
type GlobalElementChildrenAttribute = JSX.ElementChildrenAttribute;
type GlobalIntrinsicAttributes = JSX.IntrinsicAttributes;
type GlobalIntrinsicClassAttributes<T> = JSX.IntrinsicClassAttributes<T>;
type GlobalIntrinsicElements = JSX.IntrinsicElements;

declare module "react" {
  namespace JSX {
    interface Element extends GlobalElement {}
    interface ElementClass extends GlobalElementClass {}
    interface ElementAttributesProperty extends GlobalElementAttributesProperty {}
    interface ElementChildrenAttribute extends GlobalElementChildrenAttribute {}
    interface IntrinsicAttributes extends GlobalIntrinsicAttributes {}
    interface IntrinsicClassAttributes<T> extends GlobalIntrinsicClassAttributes<T> {}
    interface IntrinsicElements extends GlobalIntrinsicElements {}
  }
}
