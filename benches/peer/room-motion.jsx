// The same page with the motion library that such pages are usually built with.
import { AnimatePresence, motion } from "framer-motion";
import { createRoot } from "react-dom/client";

import { CallPage } from "./room.jsx";

createRoot(document.body).render(
  <AnimatePresence>
    <motion.div initial={{ scale: 0.94 }} animate={{ scale: 1 }} exit={{ scale: 0.94 }}>
      <CallPage ticket={window.ticket} />
    </motion.div>
  </AnimatePresence>,
);
