# Two kinds of messages that nobody handles: one is cast where its clause is in handle_info, one has its keys as texts.
defmodule Depot do
  use GenServer
  def start, do: GenServer.start(__MODULE__, %{parcels: 0, log: []}, name: __MODULE__)
  def parcels, do: GenServer.call(__MODULE__, :parcels)
  @impl true
  def init(s), do: {:ok, s}
  @impl true
  def handle_call(:parcels, _from, s), do: {:reply, s.parcels, s}
  @impl true
  def handle_cast({:note, %{text: text}}, s), do: {:noreply, %{s | log: [text | s.log]}}
  def handle_cast(_other, s), do: {:noreply, s}
  @impl true
  def handle_info({:parcel, n}, s), do: {:noreply, %{s | parcels: s.parcels + n}}
  def handle_info(_other, s), do: {:noreply, s}
end
defmodule Van do
  def bring(n), do: send(Depot, {:parcel, n})
  # BUG: handle_cast has no clause for it
  def bring_late(n), do: GenServer.cast(Depot, {:parcel, n})
  def note(text), do: GenServer.cast(Depot, {:note, %{text: text}})
  # BUG: as it came from outside
  def pass_on(text), do: GenServer.cast(Depot, {:note, %{"text" => text}})
end
defmodule Main do
  def run do
    {:ok, _} = Depot.start()
    for n <- 1..8 do
      Van.bring(n)
      if rem(n, 2) == 0, do: Van.bring_late(n)
      Van.note("van #{n}")
      if rem(n, 2) == 1, do: Van.pass_on("late van #{n}")
      Process.sleep(2)
    end
    IO.puts("parcels: #{Depot.parcels()}, there should be 56")
  end
end
