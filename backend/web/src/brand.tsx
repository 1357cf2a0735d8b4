export function Brand() {
  return (
    <span class="brand">
      <svg viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">
        <rect width="32" height="32" rx="7" fill="currentColor" />
        <path d="M9 11h14l-1.4 14H10.4zM7 8h18v2H7zm6-2h6v2h-6z" class="brand-bin" />
      </svg>
      Angkut
    </span>
  );
}
