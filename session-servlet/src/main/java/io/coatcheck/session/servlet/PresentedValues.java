package io.coatcheck.session.servlet;

import io.coatcheck.session.Resolution;
import io.coatcheck.session.SessionManager;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The untrusted texts that a client presented as tokens and as version hints. */
class PresentedValues {

  private static final int MAX_HINTS = 4;

  /** One more than are looked up: enough to detect that there are too many. */
  static final int MAX_TEXTS = 5;

  // The first text, within its line: nearly always it is the only one, and needs no copy.
  private @Nullable String line;
  private int start;
  private int end;

  /** All texts, if there is more than one. */
  private List<String> texts = List.of();

  private List<String> hints = List.of();

  private boolean isPresent;
  private boolean isIncomplete;

  /**
   * Returns whether the client presented anything under the name of the session cookie, or in its
   * header.
   */
  final boolean isPresent() {
    return isPresent;
  }

  /** Returns whether there were texts that have been forgotten. */
  final boolean areForgotten() {
    return isPresent && line == null;
  }

  /** Forgets the texts, which are secret, and remembers only that there were some. */
  void forget() {
    line = null;
    texts = List.of();
    hints = List.of();
  }

  /** Returns the texts presented under the name of the session, in the order of the request. */
  final List<String> texts() {
    return texts.isEmpty() && line != null ? List.of(line.substring(start, end)) : texts;
  }

  /** Returns the hints of what the client has seen. */
  final List<String> hints() {
    return hints;
  }

  /** Adds a text that is a part of a longer one. */
  final void addText(String longer, int from, int to) {
    isPresent = true;
    if (line == null) {
      line = longer;
      start = from;
      end = to;
    } else {
      texts = with(texts(), longer.substring(from, to), MAX_TEXTS);
      isIncomplete |= texts.size() == MAX_TEXTS;
    }
  }

  final void addHint(String hint) {
    hints = with(hints, hint, MAX_HINTS);
  }

  /** Records that a part of the client's input is not read. */
  final void leaveOut() {
    isIncomplete = true;
  }

  /** Returns whether there may be other presented texts than {@link #texts}. */
  final boolean isIncomplete() {
    return isIncomplete;
  }

  /**
   * Returns whether no more values are taken.
   *
   * @param isHinted whether hints are taken at all
   */
  final boolean areFull(boolean isHinted) {
    return texts.size() == MAX_TEXTS && (!isHinted || hints.size() == MAX_HINTS);
  }

  /** Resolves the texts. */
  final Resolution resolveBy(SessionManager manager) {
    return texts.isEmpty() && line != null
        ? manager.adapter().resolve(line, start, end, hints)
        : manager.adapter().resolve(texts, hints);
  }

  private static List<String> with(List<String> values, String value, int most) {
    if (values.isEmpty()) {
      return List.of(value);
    }
    if (values.size() == most) {
      return values;
    }
    List<String> more = new ArrayList<>(values);
    more.add(value);
    return more;
  }
}
