defmodule Meter do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, [], name: __MODULE__)
  def sample(value), do: GenServer.cast(__MODULE__, {:sample, value})
  def latest, do: GenServer.call(__MODULE__, :latest)
  @impl true
  def init(_), do: {:ok, %{samples: []}}
  @impl true
  # BUG: every sample is kept for ever.
  def handle_cast({:sample, sample}, %{samples: samples} = s), do: {:noreply, %{s | samples: [sample | samples]}}
  @impl true
  def handle_call(:latest, _from, s), do: {:reply, hd(s.samples), s}
end

defmodule Main do
  def run do
    {:ok, _} = Meter.start_link()
    for n <- 1..60, do: Meter.sample({:temperature, "kitchen sensor", n * 0.5})
    Meter.latest()
  end
end
