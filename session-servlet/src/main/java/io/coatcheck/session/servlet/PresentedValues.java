package io.coatcheck.session.servlet;

import java.util.ArrayList;
import java.util.List;

/** The texts that a client presented as tokens and as version hints, untrusted: four of each. */
class PresentedValues {

  /** As many as are looked up. */
  static final int MOST_VALUES = 4;

  private List<String> texts = List.of();
  private List<String> hints = List.of();

  /** Returns what was presented under the name of the session, in the order of the request. */
  final List<String> texts() {
    return texts;
  }

  /** Returns what the client says that it has seen. */
  final List<String> hints() {
    return hints;
  }

  final void addText(String text) {
    texts = with(texts, text);
  }

  final void addHint(String hint) {
    hints = with(hints, hint);
  }

  final void texts(List<String> all) {
    texts = all;
  }

  /**
   * Tells whether more would not be taken.
   *
   * @param isHinted whether hints are taken at all
   */
  final boolean areFull(boolean isHinted) {
    return texts.size() == MOST_VALUES && (!isHinted || hints.size() == MOST_VALUES);
  }

  /** Nearly always there is one, which needs no list that grows. */
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
