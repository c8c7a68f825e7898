package io.coatcheck.session.nearcache;

/** How copies are kept current, as the log says at startup. */
enum Freshness {
  NO_COPIES("no copies are kept"),
  CHANGE_FEED("copies stay valid until the change feed reports a change"),
  COMPARISON("copies in use are compared with the store in batches"),
  AGE("copies are loaded again when they are too old");

  private final String text;

  Freshness(String text) {
    this.text = text;
  }

  static Freshness of(boolean keepsCopies, boolean hasFeed, boolean revalidates) {
    if (!keepsCopies) {
      return NO_COPIES;
    }
    if (hasFeed) {
      return CHANGE_FEED;
    }
    return revalidates ? COMPARISON : AGE;
  }

  @Override
  public String toString() {
    return text;
  }
}
