// Ends a run with one plain line, for scripts that read it.
export default class ClosingLine {
  counts = { passed: 0, failed: 0, skipped: 0 };

  onTestEnd(test, result) {
    const outcome = result.status === "passed" || result.status === "skipped" ? result.status : "failed";
    this.counts[outcome] += 1;
  }

  onEnd() {
    const { passed, failed, skipped } = this.counts;
    console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  }
}
