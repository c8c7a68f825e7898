package io.coatcheck.session.servlet;

import io.coatcheck.session.Resolution;
import io.coatcheck.session.SessionManager;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The texts that a client presented as tokens and as version hints, untrusted: four of each. */
class PresentedValues {

  /** As many as are looked up. */
  static final int MOST_VALUES = 4;

  // The first text as it stands in its line: nearly always it is the only one, and needs no copy.
  private @Nullable String line;
  private int start;
  private int end;

  /** All texts, if there is more than one. */
  private List<String> texts = List.of();

  private List<String> hints = List.of();

  /** Tells whether the client presented anything under our name. */
  final boolean areAny() {
    return line != null;
  }

  /** Returns what was presented under the name of the session, in the order of the request. */
  final List<String> texts() {
    return texts.isEmpty() && line != null ? List.of(line.substring(start, end)) : texts;
  }

  /** Returns what the client says that it has seen. */
  final List<String> hints() {
    return hints;
  }

  /** Adds a text, which is a part of a longer one. */
  final void addText(String longer, int from, int to) {
    if (line == null) {
      line = longer;
      start = from;
      end = to;
    } else {
      texts = with(texts(), longer.substring(from, to));
    }
  }

  final void addHint(String hint) {
    hints = with(hints, hint);
  }

  /**
   * Tells whether more would not be taken.
   *
   * @param isHinted whether hints are taken at all
   */
  final boolean areFull(boolean isHinted) {
    return texts.size() == MOST_VALUES && (!isHinted || hints.size() == MOST_VALUES);
  }

  /** Finds out what the texts are worth. */
  final Resolution resolveBy(SessionManager manager) {
    return texts.isEmpty() && line != null
        ? manager.resolve(line, start, end, hints)
        : manager.resolve(texts, hints);
  }

  private static List<String> with(List<String> values, String value) {
    if (values.isEmpty()) {
      return List.of(value);
    }
    if (values.size() == MOST_VALUES) {
      return values;
    }
    List<String> more = new ArrayList<>(values);
    more.add(value);
    return more;
  }
}
